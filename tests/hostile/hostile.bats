#!/usr/bin/env bats
# What hostile servers cost: the short form of `make hostile`. Processor time
# is that of the program's processes, whatever else the machine does.

load ../where
bats_require_minimum_version 1.5.0

hostile() { run timeout -k 5 900 "$BATS_TEST_DIRNAME/hostile" "$@" 3>&-; echo "$output"; }

@test "a connection to a hostile server costs little more than one to an honest server" {
	hostile -n 5
	[ "$status" = 0 ]
	[ "${#lines[@]}" -ge 33 ]
	[[ ${lines[-1]} == *' hostile servers, 0 failed; at most '* ]]
}

@test "a program that costs too much is found, its helpers and children included" {
	printf '#!/usr/bin/python3\n%s\n' 'import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
if os.fork() == 0:
    data = bytearray(3 << 20)
    while time.process_time() < 0.5: pass
    os._exit(0)
for _ in range(600): time.sleep(0.1)' >"$BATS_TEST_TMPDIR/greedy"
	chmod +x "$BATS_TEST_TMPDIR/greedy"
	DTCP_UP=$BATS_TEST_TMPDIR/greedy hostile -s 6 'nothing else'
	[ "$status" = 1 ]
	[[ $output == *'too much memory'* ]]
	run timeout 300 "$BATS_TEST_DIRNAME/cost.py" 5 "$BATS_TEST_TMPDIR/greedy" 3>&-
	read -r cpu memory count _ <<<"$output"
	[ "$cpu" -ge 500 ]
	[ "$memory" -ge 3072 ]
	[ "$count" = 2 ]
}
