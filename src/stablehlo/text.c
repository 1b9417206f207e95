#include "stablehlo/module.h"
#include "base/error.h"
HloModule *module_text_read(const char *text, size_t n) {
  (void)text, (void)n;
  cx_fail(CX_ERR_NOT_IMPLEMENTED, "StableHLO text is not read yet");
  return NULL;
}
