# dtcp-up: brings up an IPv6-in-IPv4 tunnel that a DTCP server hands out.
#
#   make            build/dtcp-up and build/dtcpd
#   make demo       a link up, IPv6 through it, a redial, a link down, in a kernel of its own
#   make check      every test
#   make check-arch, make check-machine   other processors and kernels: tests/machine/machine.mk
#   make deps       installs what all of these need, at once (as root, on Debian)
#   make install    program, manual and this machine's hooks; what can be set: etc/install/install.mk
#   make uninstall  ends what runs, and removes all of it
#   make deb        a Debian package; others: etc/packaging/packaging.mk

VERSION = 1.0.0

PREFIX = /usr/local
SYSCONFDIR = /etc
RUNDIR = /run
DESTDIR =

BUILD = build
CC = cc
INSTALL = install
CFLAGS = $(if $(SMALL),-Oz,-Os) -g
LDFLAGS =

# What the program needs whatever CFLAGS and LDFLAGS are.
WARN = -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
# Hardening, as much of it as the compiler takes without a word: not every
# processor has each, and a distribution may define _FORTIFY_SOURCE itself.
# Tried when it is first needed, and once. HARDEN= builds without.
HARDEN_FLAGS = -fno-asynchronous-unwind-tables -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection -mbranch-protection=standard -D_FORTIFY_SOURCE=2 -fPIE
HARDEN = $(eval HARDEN := $(call accepted,$(CC) $(CPPFLAGS) $(CFLAGS),$(HARDEN_FLAGS)))$(HARDEN)
# $(call accepted,COMMAND,FLAGS): those of FLAGS with which the compiler COMMAND
# says no more than without.
accepted = $(shell try() { echo '\#include <stdlib.h>' | $(1) "$$@" -c -x c -o /dev/null - 2>&1; }; \
	always=$$(try); for flag in $(2); do \
		[ "$$(try $$flag)" != "$$always" ] || echo "$$flag"; done)
HARDEN_LD = -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
# What makes the program smaller, where compiler and linker know all of it.
SMALL_FLAGS = -flto -flto-partition=one -fno-plt -Wl,-z,noseparate-code
SMALL := $(shell echo 'int main(void) { return 0; }' | \
	$(CC) -Oz $(SMALL_FLAGS) -x c -o /dev/null - 2>/dev/null && echo '$(SMALL_FLAGS)')
# Where these were 32 bits wide: inodes and file sizes, and the time after 2038.
WIDE = -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
DEFS = -std=c11 -Isrc -D_GNU_SOURCE $(WIDE) -DVERSION='"$(VERSION)"' \
	-DSYSCONFDIR='"$(SYSCONFDIR)"' -DRUNDIR='"$(RUNDIR)"'
COMPILE = $(CC) $(DEFS) $(WARN) $(HARDEN) $(CPPFLAGS) $(CFLAGS) -MMD -MP

SOURCES = $(wildcard src/*.c src/*/*.c)
OBJECTS = $(SOURCES:src/%.c=$(BUILD)/obj/%.o)

# A program is its main file and the rooms that it needs.
ROOMS = protocol account kernel rundir common
ROOMS-dtcp-up = command keeper session $(ROOMS)
ROOMS-dtcpd = server $(ROOMS)
objects = $(filter $(BUILD)/obj/$(1).o $(foreach room,$(ROOMS-$(1)),$(BUILD)/obj/$(room)/%),$(OBJECTS))

all: $(BUILD)/dtcp-up $(BUILD)/dtcpd

$(BUILD)/dtcp-up: $(call objects,dtcp-up)
$(BUILD)/dtcpd: $(call objects,dtcpd)
$(BUILD)/dtcp-up $(BUILD)/dtcpd:
	$(CC) $(HARDEN) $(CFLAGS) $(SMALL) $(HARDEN_LD) $(LDFLAGS) -o $@ $(call objects,$(@F)) $(LDLIBS)

$(BUILD)/obj/%.o: src/%.c Makefile $(BUILD)/folders
	@mkdir -p $(@D)
	$(COMPILE) $(SMALL) -c -o $@ $<

# Other folders than at the last build are a reason to build anew.
$(BUILD)/folders: FORCE
	@mkdir -p $(@D)
	@echo '$(SYSCONFDIR) $(RUNDIR)' | cmp -s - $@ || echo '$(SYSCONFDIR) $(RUNDIR)' >$@

clean:
	rm -rf $(BUILD)

# What each of these needs is fetched first: without it there may be no compiler
# yet. `deps` is all of it.
deps:
	tests/deps.sh
	tests/lab/fetch-kernel

deps-check:
	tests/deps.sh check
	tests/lab/fetch-kernel

deps-demo deps-lint: deps-%:
	tests/deps.sh $*

demo: deps-demo
	$(MAKE) all
	tests/demo/demo

check: deps-check
	$(MAKE) -j "$$(nproc)" all test-programs
	tests/run

# What tests need built; folders of tests/ add to it.
test-programs:

FORCE:
.PHONY: all clean deps deps-check deps-demo deps-lint demo check test-programs FORCE
-include $(OBJECTS:.o=.d)

# Tests, fuzzers, benchmarks: each folder of tests/ says how it is built.
-include $(wildcard tests/*/*.mk)
include etc/install/install.mk
-include etc/packaging/packaging.mk
