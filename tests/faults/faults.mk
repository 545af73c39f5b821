# Systems that fail and sessions that are taken over.
#
#   build/faults/puppet   makes another process's system calls (attack-*.bats)

FAULTS = $(BUILD)/faults
PUPPET_SOURCES = $(addprefix tests/faults/,puppet.c attack.c forge.c) src/prefix.c
FAULTS_COMPILE = $(CC) $(DEFS) $(WARN) -Isrc -O1 -g $(CPPFLAGS) -MMD -MP

test-programs: faults-programs

ifeq ($(shell uname -m),x86_64)
faults-programs: $(FAULTS)/puppet
endif

$(FAULTS)/puppet: $(PUPPET_SOURCES:%.c=$(FAULTS)/%.o)
	$(CC) -o $@ $^

$(FAULTS)/%.o: %.c tests/faults/faults.mk
	@mkdir -p $(@D)
	$(FAULTS_COMPILE) -c -o $@ $<

.PHONY: faults-programs
-include $(wildcard $(FAULTS)/*/*/*.d $(FAULTS)/src/*.d)
