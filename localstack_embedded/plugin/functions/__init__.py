"""What runs Lambda functions in processes of this machine.

`executor` is LocalStack's executor, and with `urls` and `payloads` all that knows LocalStack here.
`environment` plays Lambda's part for one worker after the other; a `worker` is a process with its
`output` and its `runtime_api`. `runtimes` says what runs in it: `python_main` or `node_main` for a
handler, or a program of the function's own. `reaper` ends it with LocalStack.
"""
