/* The one function of Windows' bcryptprimitives.dll that the cryptography wheel wants and Wine before 8.21 lacks. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)
{
    return RtlGenRandom(data, (ULONG)size);
}
