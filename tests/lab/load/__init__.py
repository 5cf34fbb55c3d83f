"""Fresh processes on a busy machine: every answer is the idle one, or says who was late.

`client` is one such process, `scene` what stands around it, `table` counts the answers.
`python -m tests.lab.load --wheel FILE` prints the table for any wheel.
"""
