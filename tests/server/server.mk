# dtcpd without a kernel (dry.c), for tests of the dialogue.
DRY = $(BUILD)/server
DRY_OBJECTS = $(filter-out $(BUILD)/obj/server/builder.o,$(call objects,dtcpd))

dry: $(DRY)/dtcpd-dry
test-programs: dry

$(DRY)/dtcpd-dry: tests/server/dry.c $(DRY_OBJECTS)
	@mkdir -p $(@D)
	$(COMPILE) $(SMALL) -c -o $(DRY)/dry.o $<
	$(CC) $(HARDEN) $(CFLAGS) $(SMALL) $(HARDEN_LD) $(LDFLAGS) -o $@ $(DRY)/dry.o $(DRY_OBJECTS) $(LDLIBS)

.PHONY: dry
-include $(DRY)/dry.d
