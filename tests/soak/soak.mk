# `make soak`: 10,000 sessions, 10,000 moves, 10 minutes of refused logins and
# 1,000 random starts and stops; nothing may grow (tests/soak/soak). 40 minutes; a
# short form is in `make check` (tests/lab/soak.bats).

soak: deps
	$(MAKE) all test-programs
	tests/soak/soak

.PHONY: soak
