/*
 * A second opinion on the Windows certificate stores: a C program over the same calls, which shares nothing with certferry.
 *
 *   witness list STORE [lm]    one certificate a line, tab between: SHA-1, subject, friendly name, and where it has a
 *                              key: container, provider, provider type, flags (hex), key specification
 *   witness sign SHA1 [lm]     RSA-SHA256 signature, in hex, of standard input by the key of that certificate in MY
 *   witness export SHA1 [lm]   "exportable", or why not
 *   witness chain SHA1 [lm]    error status (hex) and length of the chain that Windows builds
 *   witness containers [lm]    the names of all key containers of the RSA and AES provider
 *   witness sleep SECONDS      does nothing; copied to OUTLOOK.EXE it is a running Outlook
 *
 * lm: LocalMachine instead of CurrentUser. Exit status 2 and "FAIL call code" where a call failed.
 */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <wincrypt.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROVIDER L"Microsoft Enhanced RSA and AES Cryptographic Provider"

static int fail(const char *call)
{
    printf("FAIL %s %08lx\n", call, GetLastError());
    return 2;
}

static void put_hex(const BYTE *data, DWORD size)
{
    for (DWORD i = 0; i < size; i++)
        printf("%02x", data[i]);
}

static void put_wide(const WCHAR *text)
{
    char utf8[2048];

    if (text && WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof utf8, NULL, NULL))
        printf("%s", utf8);
}

/* The property, in memory of its own, or NULL. */
static void *property(PCCERT_CONTEXT certificate, DWORD id)
{
    DWORD size = 0;
    void *value;

    if (!CertGetCertificateContextProperty(certificate, id, NULL, &size) || !(value = calloc(1, size + sizeof(WCHAR))))
        return NULL;
    return CertGetCertificateContextProperty(certificate, id, value, &size) ? value : NULL;
}

static void fingerprint(PCCERT_CONTEXT certificate, char hex[41])
{
    BYTE sha1[20] = {0};
    DWORD size = sizeof sha1;

    CertGetCertificateContextProperty(certificate, CERT_SHA1_HASH_PROP_ID, sha1, &size);
    for (int i = 0; i < 20; i++)
        sprintf(hex + 2 * i, "%02x", sha1[i]);
}

static void list(PCCERT_CONTEXT certificate)
{
    CRYPT_KEY_PROV_INFO *key = property(certificate, CERT_KEY_PROV_INFO_PROP_ID);
    WCHAR name[512] = L"";
    char hex[41];

    fingerprint(certificate, hex);
    printf("%s\t", hex);
    CertGetNameStringW(certificate, CERT_NAME_SIMPLE_DISPLAY_TYPE, 0, NULL, name, 512);
    put_wide(name);
    printf("\t");
    put_wide(property(certificate, CERT_FRIENDLY_NAME_PROP_ID));
    if (key) {
        printf("\t");
        put_wide(key->pwszContainerName);
        printf("\t");
        put_wide(key->pwszProvName);
        printf("\t%lu\t%lx\t%lu", key->dwProvType, key->dwFlags, key->dwKeySpec);
    }
    printf("\n");
}

static int chain(PCCERT_CONTEXT certificate)
{
    CERT_CHAIN_PARA parameters = {sizeof parameters};
    PCCERT_CHAIN_CONTEXT found;

    if (!CertGetCertificateChain(NULL, certificate, NULL, NULL, &parameters, 0, NULL, &found))
        return fail("CertGetCertificateChain");
    printf("status %08lx length %lu\n", found->TrustStatus.dwErrorStatus, found->rgpChain[0]->cElement);
    return 0;
}

static int sign(HCRYPTPROV provider, DWORD spec)
{
    static BYTE message[1 << 20], signature[2048];
    DWORD size = sizeof signature;
    HCRYPTHASH hash;

    _setmode(0, _O_BINARY);
    if (!CryptCreateHash(provider, CALG_SHA_256, 0, 0, &hash))
        return fail("CryptCreateHash");
    if (!CryptHashData(hash, message, (DWORD)fread(message, 1, sizeof message, stdin), 0))
        return fail("CryptHashData");
    if (!CryptSignHashW(hash, spec, NULL, 0, signature, &size))
        return fail("CryptSignHash");
    for (DWORD i = 0; i < size / 2; i++) { /* CryptoAPI counts from the least significant octet */
        BYTE kept = signature[i];
        signature[i] = signature[size - 1 - i];
        signature[size - 1 - i] = kept;
    }
    put_hex(signature, size);
    printf("\n");
    return 0;
}

static int with_key(PCCERT_CONTEXT certificate, int wants_signature)
{
    CRYPT_KEY_PROV_INFO *key = property(certificate, CERT_KEY_PROV_INFO_PROP_ID);
    HCRYPTPROV provider;
    HCRYPTKEY handle;
    DWORD size = 0;

    if (!key)
        return fail("no-key");
    /* opened by name: Wine's CryptAcquireCertificatePrivateKey forgets the machine key set */
    if (!CryptAcquireContextW(&provider, key->pwszContainerName, key->pwszProvName, key->dwProvType,
                              (key->dwFlags & CRYPT_MACHINE_KEYSET) | CRYPT_SILENT))
        return fail("CryptAcquireContext");
    if (wants_signature)
        return sign(provider, key->dwKeySpec);
    if (!CryptGetUserKey(provider, key->dwKeySpec, &handle))
        return fail("CryptGetUserKey");
    if (!CryptExportKey(handle, 0, PRIVATEKEYBLOB, 0, NULL, &size))
        return fail("CryptExportKey");
    printf("exportable\n");
    return 0;
}

static int containers(DWORD keyset)
{
    HCRYPTPROV provider;
    char name[1024];
    DWORD size = sizeof name, flag = CRYPT_FIRST;

    if (!CryptAcquireContextW(&provider, NULL, PROVIDER, PROV_RSA_AES, CRYPT_VERIFYCONTEXT | keyset))
        return fail("CryptAcquireContext");
    while (CryptGetProvParam(provider, PP_ENUMCONTAINERS, (BYTE *)name, &size, flag)) {
        printf("%s\n", name);
        flag = CRYPT_NEXT;
        size = sizeof name;
    }
    return GetLastError() == ERROR_NO_MORE_ITEMS ? 0 : fail("CryptGetProvParam");
}

int main(int count, char **words)
{
    const char *verb = count > 1 ? words[1] : "", *what = count > 2 ? words[2] : "";
    int machine = count > 2 && !strcmp(words[count - 1], "lm"), lists = !strcmp(verb, "list");
    DWORD place = machine ? CERT_SYSTEM_STORE_LOCAL_MACHINE : CERT_SYSTEM_STORE_CURRENT_USER;
    PCCERT_CONTEXT certificate = NULL;
    HCERTSTORE store;
    char hex[41];

    if (!strcmp(verb, "sleep")) {
        Sleep(1000 * atoi(what));
        return 0;
    }
    if (!strcmp(verb, "containers"))
        return containers(machine ? CRYPT_MACHINE_KEYSET : 0);
    /* the registry provider is one physical store; the collection of CurrentUser would show LocalMachine's besides */
    store = CertOpenStore(CERT_STORE_PROV_SYSTEM_REGISTRY_A, 0, 0, place | CERT_STORE_READONLY_FLAG, lists ? what : "MY");
    if (!store)
        return fail("CertOpenStore");
    while ((certificate = CertEnumCertificatesInStore(store, certificate))) {
        if (lists) {
            list(certificate);
            continue;
        }
        fingerprint(certificate, hex);
        if (_stricmp(hex, what))
            continue;
        if (!strcmp(verb, "chain"))
            return chain(certificate);
        return with_key(certificate, !strcmp(verb, "sign"));
    }
    return lists ? 0 : fail("no-certificate");
}
