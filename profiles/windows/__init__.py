"""The certificate stores of Windows: native seams that speak crypt32, advapi32 and ncrypt, and a store over them."""
