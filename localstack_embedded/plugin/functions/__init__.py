"""Runs Lambda functions in processes on this machine.

`executor` is the executor that LocalStack calls; only it, `urls`, and `payloads` know LocalStack.
`environment` plays Lambda's part for one worker at a time. A `worker` is a process with its
`output` and its `runtime_api`. `runtimes` decides what it runs: `python_main` or `node_main` for a
handler, or the function's own program. `reaper` kills workers when LocalStack ends.
"""
