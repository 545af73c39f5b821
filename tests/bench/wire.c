/* SPDX-License-Identifier: ISC */
#include "wire.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>
#include <stdio.h>
#include <string.h>

/* With WIRE_LOAD libcrypto is loaded where it is needed first, instead of at
 * the program's start. */
#ifdef WIRE_LOAD
#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)
static void *find(const char *name)
{
	static void *library;
	void *found;

	if (!library)
		library = dlopen("libcrypto.so." TEXT_OF(OPENSSL_SHLIB_VERSION), RTLD_LAZY);
	found = library ? dlsym(library, name) : NULL;
	if (!found)
		wire_die(name);
	return found;
}
#define CRYPTO(name) ((__typeof__(name) *)find(#name))
#else
#define CRYPTO(name) name
#endif

void wire_response(const char *user, const char *challenge, const char *password,
		   char out[WIRE_HEX])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	EVP_MD_CTX *ctx;

	/* The system's configuration file costs more than the digest. */
	CRYPTO(OPENSSL_init_crypto)(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	ctx = CRYPTO(EVP_MD_CTX_new)();
	if (!ctx || CRYPTO(EVP_DigestInit_ex)(ctx, CRYPTO(EVP_md5)(), NULL) != 1 ||
	    CRYPTO(EVP_DigestUpdate)(ctx, user, strlen(user)) != 1 ||
	    CRYPTO(EVP_DigestUpdate)(ctx, challenge, strlen(challenge)) != 1 ||
	    CRYPTO(EVP_DigestUpdate)(ctx, password, strlen(password)) != 1 ||
	    CRYPTO(EVP_DigestFinal_ex)(ctx, md, &len) != 1 || len != 16) {
		fprintf(stderr, "libcrypto computes no MD5\n");
		exit(1);
	}
	CRYPTO(EVP_MD_CTX_free)(ctx);
	for (unsigned i = 0; i < len; i++)
		sprintf(out + 2 * i, "%02x", md[i]);
}
