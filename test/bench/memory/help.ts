export const HELP = `  memory    resident set over a long run, which has to stay flat

    npm run bench -- memory [q5] [slow-sink] [--events N] [--seconds N] [--parallelism P] [--save] [--json]

    q5                Nexmark q5 over many events; growth is counted after the first fifth of them
    slow-sink         a sink of 1,000 records a second holds every queue before it at its bound; ceiling 50 MB of growth
    --events N        events of q5 (default 200,000,000: some minutes)
    --seconds N       time of slow-sink after 15 s of filling queues (default 60)
    --parallelism P   slots (default 2)
    --save, --json    as above
`;
