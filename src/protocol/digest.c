/* SPDX-License-Identifier: ISC */
#include "protocol/digest.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"

/* The file name of the library that these headers belong to. */
#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)
#ifdef OPENSSL_SHLIB_VERSION
#define LIBCRYPTO "libcrypto.so." TEXT_OF(OPENSSL_SHLIB_VERSION)
#else
#define LIBCRYPTO "libcrypto.so." SHLIB_VERSION_NUMBER
#endif

/* The functions used, with the types that the headers give them. */
static struct {
	void *handle;
	__typeof__(OPENSSL_init_crypto) *init;
	__typeof__(EVP_md5) *md5;
	__typeof__(EVP_Digest) *digest;
} crypto;

static bool find(const char *name, void *function)
{
	void *found = dlsym(crypto.handle, name);

	if (!found)
		return false;
	/* The way that POSIX shows for dlsym(), since C knows no cast from a
	 * data pointer to a function pointer. */
	memcpy(function, &found, sizeof found);
	return true;
}

bool digest_load(void)
{
	if (crypto.handle)
		return true;
	crypto.handle = dlopen(LIBCRYPTO, RTLD_LAZY | RTLD_LOCAL);
	if (!crypto.handle || !find("OPENSSL_init_crypto", &crypto.init) ||
	    !find("EVP_md5", &crypto.md5) || !find("EVP_Digest", &crypto.digest)) {
		const char *why = dlerror();

		log_msg(LOG_ERR, "libcrypto cannot be loaded: %s", why ? why : LIBCRYPTO);
		if (crypto.handle)
			dlclose(crypto.handle);
		crypto.handle = NULL;
		return false;
	}
	/* Without the system's configuration file: MD5 needs nothing of it, and to read it
	 * costs more than the digest itself. */
	crypto.init(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	return true;
}

bool digest_response(const char *user, const char *challenge, const char *password,
		     unsigned char out[DTCP_DIGEST_BYTES])
{
	char joined[2 * DIGEST_WORD_MAX + DTCP_CHALLENGE_MAX];
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool ok;

	if (!digest_load())
		return false;
	snprintf(joined, sizeof joined, "%s%s%s", user, challenge, password);
	ok = crypto.digest(joined, strlen(joined), md, &len, crypto.md5(), NULL) == 1 &&
	     len == DTCP_DIGEST_BYTES;
	explicit_bzero(joined, sizeof joined);
	if (ok)
		memcpy(out, md, DTCP_DIGEST_BYTES);
	else
		log_msg(LOG_ERR, "libcrypto computes no MD5 (is this host in FIPS mode?)");
	return ok;
}
