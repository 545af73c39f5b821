# make hostile: what hostile servers cost, in processor time and memory of the
# whole program (see the script). HOSTILE_SECONDS is how long each.

HOSTILE_SECONDS = 60

hostile: $(BUILD)/dtcp-up
	tests/hostile/hostile -s $(HOSTILE_SECONDS)

# make attacks: what a session that was taken over is refused.
attacks: $(BUILD)/dtcp-up faults-programs
	tests/lab/boot tests/hostile/attacks

.PHONY: hostile attacks
