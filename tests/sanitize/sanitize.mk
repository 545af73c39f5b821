# The program under sanitizers and under valgrind.
#
#   make check-asan       AddressSanitizer and UndefinedBehaviorSanitizer
#   make check-valgrind   memcheck
#
# Each first sees a mistake made on purpose (planted.c) found; then it runs the
# tests of tests/loopback. The sanitizers then run those of the lab, memcheck the
# unit tests (which are built with the sanitizers anyway) and, for it is thirty
# times slower, a tunnel's story in the lab.

ASAN = $(BUILD)/asan
# JAIL=0: see src/common/jail.c.
ASAN_FLAGS = -DJAIL=0 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -fno-common
# Linked in: the session changes its user before it may need to load anything.
ASAN_MAKE = $(MAKE) BUILD=$(ASAN) HARDEN= HARDEN_LD= SMALL= CFLAGS='$(ASAN_FLAGS)' \
	LDFLAGS='-static-libasan -static-libubsan'
MEMCHECK = $(BUILD)/memcheck
MEMCHECK_MAKE = $(MAKE) BUILD=$(MEMCHECK) CFLAGS='-O1 -g -DJAIL=0' SMALL= SANITIZE=

check-asan: deps
	$(MAKE) all test-programs
	$(ASAN_MAKE) all planted
	tests/sanitize/run asan

check-valgrind: deps
	$(MAKE) all test-programs
	$(MEMCHECK_MAKE) all planted unit
	tests/sanitize/run memcheck

# What the two makes above ask for.
planted: $(BUILD)/planted

$(BUILD)/planted: tests/sanitize/planted.c $(call objects,dtcp-up)
	$(COMPILE) -o $@ $^ $(HARDEN_LD) $(LDFLAGS) -Wl,--wrap=offer_check $(LDLIBS)

.PHONY: check-asan check-valgrind planted
