# Systems that fail and sessions that are taken over.
#
#   build/faults/puppet   makes another process's system calls (attack-*.bats)
#   build/faults/fail     lets one system call of dtcp-up fail (faults.py)
#   build/faults/leaky    dtcp-up with a leak, which faults.py has to find
#   build/faults/dtcpd    dtcpd without its filters of system calls (far-attack.bats)
#   build/faults/ip       an ip(8) that fails at a line (lab/attack-ip.bats)
#   make faults           every system call of both programs and every step of ip
#                         fails once, in the lab; some five hours

FAULTS = $(BUILD)/faults
PUPPET_SOURCES = $(addprefix tests/faults/,puppet.c attack.c forge.c) src/common/prefix.c
FAULTS_COMPILE = $(CC) $(DEFS) $(WARN) -O1 -g $(CPPFLAGS) -MMD -MP

test-programs: faults-programs

# FAULTS_OPTIONS='--phase move --part 0/10' is a part of faults-calls or faults-far; see
# faults.py and far.py.
faults: faults-calls faults-far faults-ip

faults-calls: $(BUILD)/dtcp-up faults-programs
	tests/lab/boot -t 28800 tests/faults/all $(FAULTS_OPTIONS)

faults-far: $(BUILD)/dtcpd faults-programs
	tests/lab/boot -t 28800 tests/faults/all far $(FAULTS_OPTIONS)

faults-ip: $(BUILD)/dtcp-up faults-programs
	tests/lab/boot -t 1200 -e FAULTS_ALL=1 bats tests/lab/attack-ip.bats

# For whom the puppet and fail know the registers.
FAULTS_ARCH := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))
ifneq ($(filter x86_64 aarch64 arm riscv64,$(FAULTS_ARCH)),)
faults-programs: $(FAULTS)/puppet
endif
ifeq ($(FAULTS_ARCH),x86_64)
faults-programs: $(FAULTS)/fail $(FAULTS)/leaky
endif
faults-programs: $(FAULTS)/ip $(FAULTS)/dtcpd

$(FAULTS)/puppet: $(PUPPET_SOURCES:%.c=$(FAULTS)/%.o)
	$(CC) -o $@ $^

$(FAULTS)/calls.h: tests/faults/faults.mk
	@mkdir -p $(@D)
	echo '#include <sys/syscall.h>' | $(CC) -E -dM - | \
		sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/[\2] = "\1",/p' >$@

$(FAULTS)/fail: tests/faults/fail.c tests/faults/fail_calls.c tests/faults/fail_calls.h $(FAULTS)/calls.h
	$(CC) $(DEFS) $(WARN) -I$(FAULTS) -O1 -g -o $@ $(filter %.c,$^)

$(FAULTS)/ip: tests/faults/ip.c
	@mkdir -p $(@D)
	$(CC) $(DEFS) $(WARN) -O1 -g -o $@ $<

# From the sources, since optimisation at link time knows no --wrap.
$(FAULTS)/leaky: tests/faults/leak.c $(filter-out src/dtcpd.c src/server/%,$(SOURCES)) $(wildcard src/*/*.h)
	$(CC) $(DEFS) $(WARN) -O2 -g -o $@ $(filter %.c,$^) -Wl,--wrap=state_remove $(LDLIBS)

# What its roles may do is the kernel's to say alone.
$(FAULTS)/dtcpd: $(filter-out src/dtcp-up.c src/command/% src/keeper/% src/session/%,$(SOURCES)) $(wildcard src/*/*.h)
	$(CC) $(DEFS) $(WARN) -DJAIL=0 -O1 -g -o $@ $(filter %.c,$^) $(LDLIBS)

$(FAULTS)/%.o: %.c tests/faults/faults.mk
	@mkdir -p $(@D)
	$(FAULTS_COMPILE) -c -o $@ $<

.PHONY: faults faults-calls faults-far faults-ip faults-programs
-include $(wildcard $(FAULTS)/*/*/*.d $(FAULTS)/src/*/*.d)
