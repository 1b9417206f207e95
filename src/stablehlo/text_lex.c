/* The characters of StableHLO text: names, strings, numbers, brackets. See text_reader.h. */
#include "stablehlo/text_reader.h"

#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool text_fail(TextReader *r, const char *format, ...) {
  char text[512];
  va_list args;
  if (cx_failed()) return false;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  uint32_t column = (uint32_t)(r->at - r->line_start) + 1;
  cx_fail(CX_ERR_PARSE, "StableHLO text, line %u, column %u: %s", r->line, column, text);
  error_position(r->line, column);
  return false;
}

bool text_deeper(TextReader *r) {
  if (r->depth >= HLO_DEPTH_MAX) return text_fail(r, "nested more than %d deep", HLO_DEPTH_MAX);
  r->depth++;
  return true;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static bool is_name(char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '$'; }

void skip_space(TextReader *r) {
  for (; r->at < r->end; r->at++) {
    if (r->at + 1 < r->end && r->at[0] == '/' && r->at[1] == '/')
      while (r->at < r->end && *r->at != '\n') r->at++;
    if (r->at == r->end) return;
    if (*r->at == '\n') r->line++, r->line_start = r->at + 1;
    else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r') return;
  }
}

char peek(TextReader *r) {
  skip_space(r);
  return r->at < r->end ? *r->at : 0;
}

bool see(TextReader *r, const char *s) {
  size_t n = strlen(s);
  skip_space(r);
  return (size_t)(r->end - r->at) >= n && !memcmp(r->at, s, n);
}

bool accept(TextReader *r, const char *s) {
  if (!see(r, s)) return false;
  r->at += strlen(s);
  return true;
}

bool accept_word(TextReader *r, const char *s) {
  size_t n = strlen(s);
  if (!see(r, s) || (r->at + n < r->end && is_name(r->at[n]))) return false;
  r->at += n;
  return true;
}

bool expect(TextReader *r, const char *s) {
  if (accept(r, s)) return true;
  int n = r->end - r->at > 20 ? 20 : (int)(r->end - r->at);
  for (int i = 0; i < n; i++)
    if (r->at[i] < 32 || r->at[i] > 126) n = i;
  return text_fail(r, "expected '%s', got '%.*s'", s, n, r->at);
}

bool see_word(TextReader *r) { return is_letter(peek(r)); }

TextSpan take_name(TextReader *r) {
  TextSpan name = {r->at, 0};
  while (r->at < r->end && (is_name(*r->at) || (*r->at == '-' && r->at + 1 < r->end && is_letter(r->at[1]) && name.n))) r->at++, name.n++;
  return name;
}

char *span_string(TextReader *r, TextSpan s) {
  char *copy = arena_alloc(&r->module->arena, s.n + 1);
  if (copy && s.n) memcpy(copy, s.s, s.n);
  return copy;
}

static int hex_digit(char c) { return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

static char escaped(TextReader *r) { /* after the backslash */
  char c = *r->at;
  if (c == 'n' || c == 't') return r->at++, c == 'n' ? '\n' : '\t';
  int high = hex_digit(c), low = r->at + 1 < r->end ? hex_digit(r->at[1]) : -1;
  if (high < 0 || low < 0) return r->at++, c;
  r->at += 2;
  return (char)(high << 4 | low);
}

bool take_quoted(TextReader *r, char **to, size_t *n) {
  TRY(expect(r, "\""));
  const char *close = r->at;
  while (close < r->end && *close != '"') close += *close == '\\' ? 2 : 1;
  if (close >= r->end) return text_fail(r, "this string has no end");
  char *s = *to = arena_alloc(&r->module->arena, (size_t)(close - r->at) + 1);
  TRY(s);
  while (r->at < close) {
    char c = *r->at++;
    if (c == '\n') r->line++, r->line_start = r->at;
    *s++ = c == '\\' && r->at < close ? escaped(r) : c;
  }
  r->at = close + 1;
  *n = (size_t)(s - *to);
  return true;
}

bool take_symbol(TextReader *r, char **to) {
  size_t n;
  TRY(expect(r, "@"));
  if (r->at < r->end && *r->at == '"') return take_quoted(r, to, &n);
  TextSpan name = take_name(r);
  if (!name.n) return text_fail(r, "expected a name after '@'");
  return (*to = span_string(r, name)) != NULL;
}

bool take_int(TextReader *r, int64_t *to) {
  bool minus = accept(r, "-");
  uint64_t v = 0;
  if (!is_digit(peek(r))) return text_fail(r, "expected a number");
  for (; r->at < r->end && is_digit(*r->at); r->at++)
    if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*r->at - '0'), &v)) return text_fail(r, "this number does not fit 64 bits");
  if (v > (uint64_t)INT64_MAX + minus && minus) return text_fail(r, "this number does not fit 64 bits");
  *to = (int64_t)(minus ? -v : v);
  return true;
}

/* Brackets within strings do not count; '->' does not close '<'. */
bool skip_balanced(TextReader *r) {
  static const char open[] = "([{<", close[] = ")]}>";
  char stack[HLO_DEPTH_MAX];
  int n = 0;
  do {
    char c = peek(r);
    char *string;
    size_t length;
    if (!c) return text_fail(r, "a bracket is not closed");
    if (c == '"') {
      TRY(take_quoted(r, &string, &length));
      continue;
    }
    r->at++;
    if (c == '-' && r->at < r->end && *r->at == '>') r->at++;
    else if (strchr(open, c)) {
      if (n == HLO_DEPTH_MAX) return text_fail(r, "brackets are nested more than %d deep", HLO_DEPTH_MAX);
      stack[n++] = close[strchr(open, c) - open];
    } else if (strchr(close, c) && (!n || stack[--n] != c)) return text_fail(r, "brackets do not match");
  } while (n);
  return true;
}

bool skip_location(TextReader *r) {
  if (!accept_word(r, "loc")) return true;
  return see(r, "(") ? skip_balanced(r) : text_fail(r, "expected a location");
}
