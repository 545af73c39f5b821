# What boot loads into user-mode-linux, on x86-64.
ifeq ($(shell uname -m),x86_64)
test-programs: $(BUILD)/lab/xstate.so
endif

$(BUILD)/lab/xstate.so: tests/lab/xstate.c
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARN) -O2 -shared -fPIC -o $@.new $<
	@mv $@.new $@
