# What boot loads into user-mode-linux, which there is on x86 alone.
ifeq ($(shell uname -m),x86_64)
test-programs: $(BUILD)/lab/clock.so $(BUILD)/lab/xstate.so
endif

# What look.bats loads into programs of the lab.
test-programs: $(BUILD)/lab/older.so

$(BUILD)/lab/%.so: tests/lab/%.c
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARN) -O2 -shared -fPIC -o $@.new $<
	@mv $@.new $@

# What the lab's functions run commands in its boxes with, and ask the stand-in for
# OpenWrt's netifd. Where libc is not there to be linked statically, the other way
# takes longer.
test-programs: $(BUILD)/lab/enter $(BUILD)/lab/ask

$(BUILD)/lab/enter $(BUILD)/lab/ask: $(BUILD)/lab/%: tests/lab/%.c
	@mkdir -p $(@D)
	$(CC) $(DEFS) $(WARN) -O2 -static -o $@.new $< || $(CC) $(DEFS) $(WARN) -O2 -o $@.new $<
	@mv $@.new $@
