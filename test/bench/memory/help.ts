export const HELP = `  memory    resident set over a long run, which has to stay flat

    npm run bench -- memory [q5] [slow-sink] [batch] [--events N] [--seconds N] [--parallelism P] [--save] [--json]

    q5                Nexmark q5 over many events; growth is counted after the first fifth of them
    slow-sink         a sink of 1,000 records a second holds every queue before it at its bound; ceiling 50 MB of growth
    batch             a sort in execution mode BATCH of more records than fit into 64 MB per subtask
    --events N        events of q5 (default 200,000,000: some minutes), records of batch (default 10,000,000)
    --seconds N       time of slow-sink after 15 s of filling queues (default 60)
    --parallelism P   slots (default 2)
    --save, --json    as above
`;
