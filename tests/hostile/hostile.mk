# make hostile: what hostile servers cost, in processor time and memory of the
# whole program (see the script). HOSTILE_SECONDS is how long each.

HOSTILE_SECONDS = 60

hostile: $(BUILD)/dtcp-up
	tests/hostile/hostile -s $(HOSTILE_SECONDS)

.PHONY: hostile
