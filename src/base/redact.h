/* redact.h - what takes secrets out of a text that somebody else wrote.
 *
 * Vendors echo requests in their errors: PEM blocks, signed queries, tokens. Nobody keeps, logs or answers such a
 * text before it went through here.
 */
#pragma once
#include "base/arena.h"
#include "base/secret.h"

/* A copy of text in which these are replaced by "[redacted]":
 * - PEM blocks, whole or cut short, also with escaped line ends (\n, %0A) or percent-encoded dashes and spaces;
 * - every occurrence of one of the secrets, raw, percent-encoded or base64-encoded (those under 8 bytes are left);
 * - values of parameters and JSON members that carry keys and signatures (Signature, SecurityToken, PrivateKey, Key,
 *   SSLPri, SecretKey, ... case-insensitively), in queries, forms and JSON;
 * - what follows "Authorization:" on a line;
 * - everything behind "StringToSign", "CanonicalRequest" and their spellings: what a refused signature was made of;
 * - any run of 120 or more base64 characters.
 * Bytes that are not UTF-8, and control characters but line ends and tabs, become '?'.
 * secrets may be NULL when count is 0.
 */
char *redact_text(struct arena *a, const char *text, const struct secret *const *secrets, size_t count);
