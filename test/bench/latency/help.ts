export const HELP = `  latency   time from when a record was due to when its result reached the sink, at a fixed rate, in one process,
            beside its yardstick: the same counts in one loop without an engine, which shows what the machine allows

    npm run bench -- latency [--query keyed-count] [--rate N] [--seconds N] [--parallelism P] [--runs N]
                             [--profile DIR] [--save] [--json]

    --query Q         keyed-count (default)
    --rate N          records per second of all subtasks (default 100,000)
    --seconds N       what is measured, after 5 s of warming up (default 20)
    --parallelism P   slots (default 1); from 2 on there is a hash exchange between threads
    --runs N          runs; the one of median p99 is shown (default 1)
    --profile DIR     slots write their CPU profiles there, and where the time went is shown
    --save, --json    as above
`;
