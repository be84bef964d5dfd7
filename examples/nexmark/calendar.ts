const DAY = 86_400_000;
const MINUTE = 60_000;

/** Number of the day of a time, UTC, counted from 1970. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY);
}

/** `yyyy-MM-dd` of a day's number. */
export function dayText(day: number): string {
  return new Date(day * DAY).toISOString().slice(0, 10);
}

/** Hour of the day, UTC: 0 to 23. */
export function hourOf(time: number): number {
  return Math.floor((time % DAY) / (60 * MINUTE));
}

/** Minute of the day, UTC: 0 to 1,439. */
export function minuteOf(time: number): number {
  return Math.floor((time % DAY) / MINUTE);
}

/** `HH:mm` of a minute of the day. */
export function minuteText(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}
