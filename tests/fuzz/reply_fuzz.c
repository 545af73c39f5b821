/* SPDX-License-Identifier: ISC */
/* What a server sends, in arbitrary pieces. The first byte is the type asked
 * for, the second one decides the pieces. */
#include <stdio.h>
#include <string.h>

#include "protocol/dtcp.h"
#include "fuzz.h"
#include "protocol/line.h"

enum { LINES = 4096 };

/* How a stream came out: a number for each line, and how it ended. */
struct outcome {
	unsigned n;
	uint32_t hash[LINES];
	enum line_status end;
};

static void check_line(const char *text, enum dtcp_type type)
{
	char challenge[DTCP_CHALLENGE_MAX + 1], why[OFFER_WHY_MAX] = "";
	struct offer o;
	const char *rest;

	if (dtcp_answer(text, &rest) == DTCP_BAD)
		return;
	MUST(rest >= text && rest <= text + strlen(text));
	if (dtcp_challenge(rest, challenge)) {
		MUST(strlen(challenge) > 0 && !strchr(challenge, ' '));
		dtcp_upper(challenge);
	}
	dtcp_authentication_failed(rest);
	memset(&o, 0xa5, sizeof o);
	if (!dtcp_offer(rest, type, &o, why) || !offer_check(&o, why)) {
		MUST(*why && strlen(why) < OFFER_WHY_MAX);
		return;
	}
	MUST(o.type == type);
	fuzz_allowed_offer(&o);
}

static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 16777619u;
	return h;
}

/* seed 0: as much at a time as there is room for. */
static void feed(const uint8_t *data, size_t size, uint32_t seed, enum dtcp_type type,
		 struct outcome *out)
{
	struct line l = {0};

	out->n = 0;
	for (;;) {
		const char *text;
		size_t room, take;
		char *at;

		while ((out->end = line_next(&l, &text)) == LINE_READY) {
			MUST(strlen(text) <= LINE_MAX_BYTES);
			if (out->n < LINES)
				out->hash[out->n++] = hash(text);
			check_line(text, type);
		}
		MUST(strlen(text) <= LINE_MAX_BYTES || out->end == LINE_NONE);
		if (out->end != LINE_NONE || size == 0)
			return;
		at = line_room(&l, &room);
		MUST(room > 0);
		seed = seed * 1103515245u + 12345u * !!seed;
		take = seed ? 1 + (seed >> 16) % 97 : size;
		take = take < room ? take : room;
		take = take < size ? take : size;
		memcpy(at, data, take);
		line_added(&l, take);
		data += take;
		size -= take;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct outcome whole, cut;
	enum dtcp_type type;

	if (size < 2)
		return 0;
	fuzz_log();
	type = (enum dtcp_type)(data[0] % 3);
	feed(data + 2, size - 2, 0, type, &whole);
	feed(data + 2, size - 2, 1u + data[1], type, &cut);
	/* However the bytes arrive, the same comes out. */
	MUST(whole.n == cut.n && whole.end == cut.end);
	MUST(memcmp(whole.hash, cut.hash, whole.n * sizeof whole.hash[0]) == 0);
	return 0;
}
