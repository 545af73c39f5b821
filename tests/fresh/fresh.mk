# `make fresh SUITE=bookworm WHAT=check`: the README, tried on a machine that has
# nothing (see the script).
WHAT = demo

fresh:
	tests/fresh/fresh $(or $(SUITE),trixie) $(WHAT)

.PHONY: fresh
