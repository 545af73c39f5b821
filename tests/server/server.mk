# dtcpd without a kernel (dry.c), for tests of the dialogue.
DRY = $(BUILD)/server
DRY_OBJECTS = $(filter-out $(BUILD)/obj/server/builder.o,$(call objects,dtcpd))

dry: $(DRY)/dtcpd-dry $(DRY)/failing.so
test-programs: dry

$(DRY)/dtcpd-dry: tests/server/dry.c $(DRY_OBJECTS)
	@mkdir -p $(@D)
	$(COMPILE) $(SMALL) -c -o $(DRY)/dry.o $<
	$(CC) $(HARDEN) $(CFLAGS) $(SMALL) $(HARDEN_LD) $(LDFLAGS) -o $@ $(DRY)/dry.o $(DRY_OBJECTS) $(LDLIBS)

# What is loaded into it so that calls fail.
$(DRY)/failing.so: tests/server/failing.c
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARN) -O2 -shared -fPIC -o $@ $<

.PHONY: dry
-include $(DRY)/dry.d
