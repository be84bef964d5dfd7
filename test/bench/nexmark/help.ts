export const HELP = `  nexmark   the queries of examples/nexmark, each beside its yardstick: the same work as a plain loop without an engine

    npm run bench -- nexmark [--queries q0,q5] [--events N] [--parallelism P] [--state NAME] [--runs N]
                             [--profile DIR] [--save] [--json]

    --queries L       names, divided by commas (default: q0 to q23 and c0 to c3)
    --events N        events of each run (default 2,000,000: some seconds a query; the published suite has 100,000,000)
    --parallelism P   slots of the one process (default 1); floors are those of parallelism 1
    --state NAME      state backend (default hashmap)
    --runs N          pairs of runs, engine and yardstick by turns; the pair of median ratio is shown (default 1)
    --profile DIR     one more run of each query writes <query>-<slot>.cpuprofile there and shows where its time went
    --save, --json    as above
`;
