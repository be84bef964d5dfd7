/** Folder of the programs `prometheus` and `promtool`, where they are here. */
export declare function findPrometheus(): string | undefined;
/** The same; fetches them where they are not here. @throws Error with what to do by hand */
export declare function installPrometheus(): string;
