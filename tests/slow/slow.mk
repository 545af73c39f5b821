# `make check-slow`: the lab's files on slow machines (see the script); as root, half an
# hour or more. FILES=tests/lab/lab.bats are some of them.

check-slow: deps-check
	$(MAKE) all test-programs
	tests/slow/slow $(FILES)

.PHONY: check-slow
