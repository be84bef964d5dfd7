import { SUBJECT_CHARS_MAX } from '../base/limits.ts';
import { InvalidSubjectError } from './errors.ts';

/**
 * Subjects and patterns as NATS defines them (docs.nats.io, "Subject-Based Messaging"): tokens separated by dots,
 * `*` for exactly one token, `>` for one or more at the end.
 */

const BAD_CHARACTER = /[\s\0]/;

/** @throws InvalidSubjectError unless `subject` can be published to. */
export function checkSubject(subject: string): void {
  checkTokens(subject);
  if (isPattern(subject)) throw new InvalidSubjectError(subject, 'wildcards are for subscriptions only');
}

/** @throws InvalidSubjectError unless `pattern` can be subscribed to. */
export function checkPattern(pattern: string): void {
  checkTokens(pattern);
  const tokens = pattern.split('.');
  const tail = tokens.indexOf('>');
  if (tail >= 0 && tail < tokens.length - 1) throw new InvalidSubjectError(pattern, "'>' is the last token");
}

/** Whether a token of `subject` is a wildcard. */
export function isPattern(subject: string): boolean {
  if (!subject.includes('*') && !subject.includes('>')) return false;
  return subject.split('.').some((token) => token === '*' || token === '>');
}

/** Whether messages on `subject` reach subscriptions of `pattern`. */
export function matchesPattern(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const tokens = subject.split('.');
  for (let at = 0; at < wanted.length; at++) {
    if (wanted[at] === '>') return tokens.length > at;
    if (at >= tokens.length || (wanted[at] !== '*' && wanted[at] !== tokens[at])) return false;
  }
  return wanted.length === tokens.length;
}

function checkTokens(subject: string): void {
  if (subject.length === 0) throw new InvalidSubjectError(subject, 'it is empty');
  if (subject.length > SUBJECT_CHARS_MAX) {
    throw new InvalidSubjectError(
      subject,
      `it has ${subject.length} characters, ${SUBJECT_CHARS_MAX} are allowed`,
    );
  }
  if (BAD_CHARACTER.test(subject)) throw new InvalidSubjectError(subject, 'it contains white space or NUL');
  if (subject.startsWith('.') || subject.endsWith('.') || subject.includes('..')) {
    throw new InvalidSubjectError(subject, 'it has an empty token');
  }
}

interface Level<T> {
  readonly children: Map<string, Level<T>>;
  /** Values of patterns that end here. */
  readonly ends: Set<T>;
  /** Values of patterns that end here with `>`. */
  readonly tails: Set<T>;
}

/**
 * Values by pattern, found by subject. Literal patterns cost one hash lookup whatever their number; patterns with
 * wildcards are walked in a tree by token.
 */
export class SubjectIndex<T> {
  readonly #literals = new Map<string, Set<T>>();
  readonly #root: Level<T> = newLevel();
  #wildcards = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds `value` under `pattern`; adding the same pair twice counts once. */
  add(pattern: string, value: T): void {
    const set = isPattern(pattern) ? this.#wildcardSet(pattern) : this.#literalSet(pattern);
    if (set.has(value)) return;
    set.add(value);
    this.#size++;
    if (isPattern(pattern)) this.#wildcards++;
  }

  /** Removes the pair; false when it was not there. */
  remove(pattern: string, value: T): boolean {
    if (!isPattern(pattern)) {
      const set = this.#literals.get(pattern);
      if (set === undefined || !set.delete(value)) return false;
      if (set.size === 0) this.#literals.delete(pattern);
      this.#size--;
      return true;
    }
    if (!removeFrom(this.#root, pattern.split('.'), 0, value)) return false;
    this.#size--;
    this.#wildcards--;
    return true;
  }

  /** Calls `visit` once for each pair whose pattern matches. */
  forEachMatch(subject: string, visit: (value: T) => void): void {
    const set = this.#literals.get(subject);
    if (set !== undefined) for (const value of set) visit(value);
    if (this.#wildcards > 0) visitMatches(this.#root, subject.split('.'), 0, visit);
  }

  /** The values whose patterns match, literals first, in the order added. */
  match(subject: string): T[] {
    const found: T[] = [];
    this.forEachMatch(subject, (value) => found.push(value));
    return found;
  }

  #literalSet(subject: string): Set<T> {
    let set = this.#literals.get(subject);
    if (set === undefined) this.#literals.set(subject, (set = new Set()));
    return set;
  }

  #wildcardSet(pattern: string): Set<T> {
    let level = this.#root;
    for (const token of pattern.split('.')) {
      if (token === '>') return level.tails;
      let child = level.children.get(token);
      if (child === undefined) level.children.set(token, (child = newLevel()));
      level = child;
    }
    return level.ends;
  }
}

function newLevel<T>(): Level<T> {
  return { children: new Map(), ends: new Set(), tails: new Set() };
}

function removeFrom<T>(level: Level<T>, tokens: readonly string[], at: number, value: T): boolean {
  const token = tokens[at];
  if (token === undefined) return level.ends.delete(value);
  if (token === '>') return level.tails.delete(value);
  const child = level.children.get(token);
  if (child === undefined || !removeFrom(child, tokens, at + 1, value)) return false;
  if (child.children.size === 0 && child.ends.size === 0 && child.tails.size === 0)
    level.children.delete(token);
  return true;
}

function visitMatches<T>(
  level: Level<T>,
  tokens: readonly string[],
  at: number,
  visit: (value: T) => void,
): void {
  const token = tokens[at];
  if (token === undefined) {
    for (const value of level.ends) visit(value);
    return;
  }
  for (const value of level.tails) visit(value);
  const exact = level.children.get(token);
  if (exact !== undefined) visitMatches(exact, tokens, at + 1, visit);
  const any = level.children.get('*');
  if (any !== undefined && token !== '*') visitMatches(any, tokens, at + 1, visit);
}
