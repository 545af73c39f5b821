# `make soak`: 10,000 sessions, 10,000 moves, 10 minutes of refused logins, 1,000 random
# starts and stops, and a day of 1,000 random events on a bad line (tests/soak/soak). Half
# an hour; a short form is in `make check` (tests/lab/soak.bats).
#
# `make check-long`: a fifth of it, a quarter of a day that is the same each time, of the
# faults of both programs (tests/faults) each sixtieth, and each part of the bench, to see
# that it measures; some minutes, too long for `make check`. CI runs it where it has the time.

soak: deps
	$(MAKE) all test-programs
	tests/soak/soak

check-long: deps-check
	$(MAKE) all test-programs faults-programs bench-programs
	SOAK_COUNT=2000 SOAK_STORM=500 SOAK_DAY=250 SOAK_SEED=1 tests/soak/soak
	tests/lab/boot -t 28800 tests/faults/all --part 7/60
	tests/lab/boot -t 28800 tests/faults/all far --part 7/60
	BENCH_RUNS=1 BENCH_SESSIONS=20 BENCH_TUNNELS=3 BENCH_FAR=20 tests/bench/bench -o $(BUILD)/quick.json

.PHONY: soak check-long
