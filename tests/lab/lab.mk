# What boot loads into user-mode-linux, on x86-64.
ifeq ($(shell uname -m),x86_64)
test-programs: $(BUILD)/lab/xstate.so
endif

$(BUILD)/lab/xstate.so: tests/lab/xstate.c
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARN) -O2 -shared -fPIC -o $@.new $<
	@mv $@.new $@

# What the lab's functions run commands in its boxes with. Where libc is not
# there to be linked statically, the other way takes longer.
test-programs: $(BUILD)/lab/enter

$(BUILD)/lab/enter: tests/lab/enter.c
	@mkdir -p $(@D)
	$(CC) $(DEFS) $(WARN) -O2 -static -o $@ $< || $(CC) $(DEFS) $(WARN) -O2 -o $@ $<
