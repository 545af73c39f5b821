/* SPDX-License-Identifier: ISC */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What each fuzzer is: one function, driven by libFuzzer, by AFL++ or by the
 * replay of a corpus (replay.c). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program, so that whoever drives it keeps the input. */
#define MUST(condition) \
	((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *condition, const char *file, int line);

/* Messages go nowhere, but each must be printable ASCII. To be called first. */
void fuzz_log(void);

struct offer;
struct account;
struct tunnel;

/* What contract section 4 allows of an offer, written without the code under
 * test. */
void fuzz_allowed_offer(const struct offer *o);

/* Lines for ip(8) that build and undo the tunnel t, or change one to another, which
 * account and offer call for: each is of a known form, and each address in it is one
 * that the offer, checked before, or the account names. */
void fuzz_allowed_tunnel(const struct tunnel *t, const struct account *a, const struct offer *o);
void fuzz_allowed_change(const struct tunnel *from, bool routes, const struct tunnel *to,
			 bool then, const struct account *a, const struct offer *o);

#endif
