# `make bench`: how fast and how small, beside peers and floors measured in the
# same run (tests/bench/README.md). BENCH_RUNS (15) counts each of them,
# BENCH_SESSIONS (10000) the sessions over which growth is looked for.

BENCH = $(BUILD)/bench
BENCH_PLAIN = $(addprefix $(BENCH)/,sleeper bare forger)
BENCH_ECHO = $(addprefix $(BENCH)/,stopwatch redial pinger)
BENCH_CRYPTO = $(addprefix $(BENCH)/,server crowd)
BENCH_FLOOR = $(addprefix tests/bench/,floor.c echo.c wire.c)
BENCH_PROGRAMS = $(BENCH_PLAIN) $(BENCH_ECHO) $(BENCH_CRYPTO) $(BENCH)/floor $(BENCH)/roles
BENCH_OUT = $(BUILD)/bench.json
BENCH_CC = $(CC) $(DEFS) $(WARN) $(HARDEN) $(CPPFLAGS) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@

bench-programs: $(BENCH_PROGRAMS) $(BENCH)/dtcp-up $(BENCH)/dtcpd

# What is installed: without what debuggers need.
$(BENCH)/dtcp-up $(BENCH)/dtcpd: $(BENCH)/%: $(BUILD)/%
	@mkdir -p $(@D)
	strip -o $@ $<

$(BENCH_PLAIN): $(BENCH)/%: tests/bench/%.c tests/bench/wire.h Makefile
	@mkdir -p $(@D)
	$(BENCH_CC) $<

$(BENCH_ECHO): $(BENCH)/%: tests/bench/%.c tests/bench/echo.c tests/bench/echo.h tests/bench/wire.h Makefile
	@mkdir -p $(@D)
	$(BENCH_CC) $< tests/bench/echo.c

$(BENCH_CRYPTO): $(BENCH)/%: tests/bench/%.c tests/bench/wire.c tests/bench/wire.h Makefile
	@mkdir -p $(@D)
	$(BENCH_CC) $< tests/bench/wire.c -lcrypto

$(BENCH)/floor: $(BENCH_FLOOR) tests/bench/echo.h tests/bench/wire.h Makefile
	@mkdir -p $(@D)
	$(BENCH_CC) $(BENCH_FLOOR) -lcrypto

# The floor once more, which loads libcrypto itself.
$(BENCH)/roles: $(BENCH_FLOOR) tests/bench/echo.h tests/bench/wire.h Makefile
	@mkdir -p $(@D)
	$(BENCH_CC) -DWIRE_LOAD $(BENCH_FLOOR)

bench: deps
	$(MAKE) all bench-programs
	tests/bench/bench -o $(BENCH_OUT)

# One bring-up, process by process and wait by wait, at a round trip of RTT milliseconds.
RTT = 20
waits: deps
	$(MAKE) all bench-programs
	tests/bench/waits $(RTT)

.PHONY: bench bench-programs waits
