/* Every instruction form of the encoder with many operands. Alone it checks that nothing fails and no instruction is longer
 * than 15 bytes. `test_emit_forms dump DIR` writes DIR/ours.s (the encoder's bytes) and DIR/theirs.s (the same
 * instructions as text): tests/emit/test_forms.py lets the GNU assembler and disassembler say whether they agree. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "check.h"
#include "emit/x86.h"

enum Order { RM, RVM, MR, MVR, NONE, GATHER, V0, V1, V2, V3, V4, V5, V6, V7 };
typedef struct Form {
  const char *vex, *evex, *operands;
  int order;
  char tuple, encodings;
  bool eight;
} Form;
static const Form forms[] = {
#define X(id, vex, evex, map, pp, op, wv, we, enc, order, tuple, operands) {vex, evex, operands, order, #tuple[0], #enc[0], we},
#include "emit/x86.def"
#undef X
};
static const struct {
  const char *name, *operands;
} gprs[] = {
#define G(id, name, map, op, digit, w, operands) {name, operands},
#include "emit/x86_gpr.def"
#undef G
};

static FILE *ours, *theirs;
static X86 x;
static unsigned instructions, variants;

static const char *const names64[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
static const char *const names32[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
static uint32_t draw(uint32_t below) {
  static uint64_t s = 99;
  s = s * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((s >> 33) * below >> 31);
}

static X86Rm some_memory(void) {
  static const int32_t disp[] = {0, 1, -1, 4, 8, 16, 32, 64, -64, 127, 128, -128, -129, 1016, 1024, 2032, 4064, 8128, -8192, 8192, 0x12345678};
  static const unsigned bases[] = {RAX, RSP, RBP, R12, R13, RBX, R8};
  int32_t d = disp[draw(sizeof disp / sizeof *disp)];
  if (!draw(8)) return (X86Rm){.kind = RM_POOL};
  unsigned base = bases[draw(7)], index = draw(16);
  return draw(2) && index != RSP ? rm_index(base, index, 1u << draw(4), d) : rm_at(base, d);
}
static void text_memory(CxText *t, const X86Rm *m, const char *size) {
  text_addf(t, "%s[", size);
  if (m->kind == RM_POOL) text_add(t, "rip");
  else text_add(t, names64[m->base]);
  if (m->kind == RM_MEM && m->index != NO_REG) text_addf(t, "+%s*%u", names64[m->index], m->scale);
  text_addf(t, "%+d]", m->kind == RM_POOL ? 0 : m->disp);
}
static const char *const sizes[] = {"byte ptr ", "word ptr ", "dword ptr ", "qword ptr ", "xmmword ptr ", "ymmword ptr ", "zmmword ptr "};
static void text_vector(CxText *t, unsigned vl, unsigned reg) { text_addf(t, "%cmm%u", "xyz"[vl], reg); }

static void flush(const CxText *t, uint32_t start) {
  instructions++;
  CHECK(!x.failed && x.code.n - start <= 15 && x.code.n > start);
  if (!ours) return;
  fputs(".byte ", ours);
  for (uint32_t k = start; k < x.code.n; k++) fprintf(ours, "%s0x%02x", k > start ? "," : "", x.code.v[k]);
  fputs("\n", ours);
  fprintf(theirs, "%s\n", t->s);
}

static unsigned narrow_vl(unsigned vl, unsigned shift) { return vl > shift ? vl - shift : 0; }
/* the memory of a letter, as an index in sizes, or -1 */
static int memory_size(char letter, unsigned vl) {
  switch (letter) {
    case 'm': case 'M': return 4 + (int)vl;
    case 'h': return 3 + (int)vl;
    case 'q': return 2 + (int)vl;
    case 'o': return 1 + (int)vl;
    case 'X': return 4;
    case 'Y': return 5;
    case 's': case 'S': case 'r': return 2;
    case 'd': case 'D': case 'R': return 3;
    case 'b': return 0;
    case 'w': return 1;
    default: return -1;
  }
}
static void text_register(CxText *t, char letter, unsigned vl, unsigned reg) {
  switch (letter) {
    case 'v': case 'm': text_vector(t, vl, reg); break;
    case 'h': case 'y': text_vector(t, narrow_vl(vl, 1), reg); break;
    case 'q': text_vector(t, narrow_vl(vl, 2), reg); break;
    case 'o': case 'x': case 'X': case 's': case 'd': text_vector(t, 0, reg); break;
    case 'Y': text_vector(t, 1, reg); break;
    case 'r': case 't': case 'b': case 'w': text_add(t, names32[reg & 15]); break;
    case 'R': case 'T': text_add(t, names64[reg & 15]); break;
    case 'k': text_addf(t, "k%u", reg & 7); break;
    default: break;
  }
}

/* one instruction; slot[] holds a register for each operand, the last or the first one may be memory */
static void vector_form(unsigned id, const Form *f, bool evex, unsigned vl, bool memory, bool broadcast, bool masked) {
  unsigned limit = evex ? 32 : 16, n = (unsigned)strlen(f->operands), slot[4] = {0};
  X86Rm rm = rm_reg(0);
  int where = f->order == MR || f->order == MVR ? 0 : f->order == RVM ? 2 : 1, imm = -1;
  CxText t = {0};
  text_addf(&t, "%s %s ", evex ? "{evex}" : "{vex}", evex ? f->evex : f->vex);
  if (!n) t.n = 0, text_add(&t, f->vex);
  if (!strncmp(f->vex, "kmov", 4)) t.n = 0, text_addf(&t, "%s ", f->vex);
  for (unsigned k = 0; k < n; k++) {
    char letter = f->operands[k];
    slot[k] = strchr("rRtTbwk", letter) ? draw(letter == 'k' ? 8 : 16) : draw(3) ? draw(limit) : limit - 1;
    if (k) text_add(&t, ", ");
    if (letter == 'i') {
      imm = (int)draw(f->operands[n - 1] == 'i' && strstr(f->vex, "cmp") ? 32 : 4);
      text_addf(&t, "%d", imm);
    } else if (letter == 'l') {
      imm = (int)(slot[k] << 4);
      text_vector(&t, vl, slot[k]);
    } else if ((int)k == where && memory) {
      int size = memory_size(letter, vl);
      rm = some_memory();
      rm.broadcast = broadcast;
      text_memory(&t, &rm, broadcast ? sizes[f->eight ? 3 : 2] : sizes[size]);
      if (broadcast) text_addf(&t, "{1to%u}", (16u << (letter == 'h' ? narrow_vl(vl, 1) : vl)) / (f->eight ? 8 : 4));
    } else {
      text_register(&t, letter, vl, slot[k]);
      if ((int)k == where) rm = rm_reg(slot[k]);
    }
    if (masked && k == 0) text_add(&t, f->order == RM ? "{k1}{z}" : "{k1}");
  }
  x.code.n = 0;
  x.evex = evex;
  unsigned dst = slot[0], a = slot[1];
  if (f->order == MVR) dst = slot[2];
  x86_vec(&x, (X86Form)id, vl, dst, a, rm, imm, masked);
  flush(&t, 0);
  text_free(&t);
}

static bool has_length(const Form *f, bool evex, unsigned vl) {
  if (vl == 2 && !evex) return false;
  if (!f->operands[0]) return !vl;
  if (strstr(f->evex, "32x4") || strstr(f->vex, "128")) return vl >= 1;
  if (strstr(f->evex, "64x4")) return vl == 2;
  if (strstr(f->evex, "vperm") || strstr(f->evex, "vshufi")) return vl >= 1;
  return strpbrk(f->operands, "vm") ? vl == 0 || strncmp(f->vex, "kmov", 4) : !vl;
}
/* loads and stores that are cut at the end of a loop */
static bool can_mask(const Form *f) {
  return !strncmp(f->evex, "vmovup", 6) || !strncmp(f->evex, "vpmovs", 6) || !strncmp(f->evex, "vpmovz", 6) || strstr(f->evex, "cvtph") || strstr(f->evex, "ps2ph") ||
         (f->order == MR && !strncmp(f->evex, "vpmov", 5)) || !strncmp(f->evex, "vpblendm", 8);
}

static void vector_forms(unsigned id) {
  const Form *f = &forms[id];
  int where = f->order == MR || f->order == MVR ? 0 : f->order == RVM ? 2 : 1;
  char letter = f->operands[0] ? f->operands[where] : 0;
  for (int evex = 0; evex < 2; evex++) {
    if (!x86_form_is((X86Form)id, evex ? 'E' : 'V')) continue;
    for (unsigned vl = 0; vl < 3; vl++) {
      if (!has_length(f, evex, vl)) continue;
      variants++;
      bool can_memory = letter && memory_size(letter, vl) >= 0 && f->order < NONE, can_register = !strchr("MSD", letter) || !letter;
      for (int k = 0; k < 24; k++) {
        if (can_register && (k < 8 || !can_memory)) vector_form(id, f, evex, vl, false, false, false);
        else if (can_memory) vector_form(id, f, evex, vl, true, false, false);
        if (can_memory && evex && f->tuple == 'F' && letter == 'm') vector_form(id, f, evex, vl, true, true, false);
        if (can_memory && evex && can_mask(f)) vector_form(id, f, evex, vl, true, false, true);
      }
    }
  }
}

/* data, index and mask registers differ, as they must */
static void gather_form(unsigned id) {
  static const struct {
    unsigned id;
    const char *name;
    unsigned data, index; /* lane sizes */
  } gathers[] = {{X86_GATHERDD, "vpgatherdd", 4, 4}, {X86_GATHERDQ, "vpgatherdq", 8, 4}, {X86_GATHERQD, "vpgatherqd", 4, 8}, {X86_GATHERQQ, "vpgatherqq", 8, 8}};
  unsigned which = id - X86_GATHERDD;
  for (int evex = 0; evex < 2; evex++)
    for (unsigned vl = 0; vl < (evex ? 3u : 2u); vl++) {
      variants++;
      for (int k = 0; k < 30; k++) {
        unsigned limit = evex ? 32 : 16, data = draw(limit), index = draw(limit), mask = evex ? 1 + draw(7) : draw(limit);
        if (data == index || (!evex && (data == mask || index == mask))) continue;
        unsigned dvl = gathers[which].data < gathers[which].index ? narrow_vl(vl, 1) : vl, ivl = gathers[which].index < gathers[which].data ? narrow_vl(vl, 1) : vl;
        X86Rm at = some_memory();
        if (at.kind != RM_MEM) continue;
        at.index = (uint8_t)index;
        CxText t = {0};
        text_addf(&t, "%s %s %cmm%u", evex ? "{evex}" : "{vex}", gathers[which].name, "xyz"[dvl], data);
        if (evex) text_addf(&t, "{k%u}", mask);
        text_addf(&t, ", %s [%s+%cmm%u*%u%+d]", gathers[which].data == 4 ? "dword ptr" : "qword ptr", names64[at.base], "xyz"[ivl], index, at.scale, at.disp);
        if (!evex) text_addf(&t, ", %cmm%u", "xyz"[dvl], mask);
        x.code.n = 0;
        x86_gather(&x, (X86Form)id, evex, vl, data, mask, at);
        flush(&t, 0);
        text_free(&t);
      }
    }
}

static void gpr_form(unsigned id) {
  static const int32_t immediates[] = {1, -1, 127, -128, 128, -129, 0x12345678};
  const char *operands = gprs[id].operands;
  variants++;
  for (int k = 0; k < 60; k++) {
    CxText t = {0};
    X86Rm rm = rm_reg(operands[0] ? draw(16) : 0);
    unsigned reg = draw(16);
    int32_t imm = immediates[draw(7)];
    text_addf(&t, "%s ", gprs[id].name);
    for (unsigned o = 0; operands[o]; o++) {
      if (o) text_add(&t, ", ");
      switch (operands[o]) {
        case 'r': text_add(&t, names32[reg]); break;
        case 'R': text_add(&t, names64[reg]); break;
        case 'P': text_add(&t, names64[rm.reg]); break;
        case 'b': case 'w': case 'A':
          rm = some_memory();
          text_memory(&t, &rm, operands[o] == 'A' ? "" : sizes[operands[o] == 'w']);
          break;
        case 'm': case 'M':
          if (k & 1) rm = some_memory(), text_memory(&t, &rm, sizes[operands[o] == 'm' ? 2 : 3]);
          else text_add(&t, (operands[o] == 'm' ? names32 : names64)[rm.reg]);
          break;
        case 't': imm = (int32_t)draw(64); /* fall through */
        default: text_addf(&t, "%d", imm);
      }
    }
    x.code.n = 0;
    x86_gpr(&x, (X86Gpr)id, reg, rm, imm);
    flush(&t, 0);
    text_free(&t);
  }
}

static void immediates(void) {
  static const uint64_t value[] = {1, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0xffffffff80000000, ~(uint64_t)0, 0x123456789abcdef0};
  variants++;
  for (unsigned k = 0; k < 8; k++)
    for (unsigned reg = 0; reg < 16; reg++) {
      CxText t = {0};
      if (value[k] <= 0xffffffff) text_addf(&t, "mov %s, 0x%llx", names32[reg], (unsigned long long)value[k]);
      else text_addf(&t, "mov %s, 0x%llx", names64[reg], (unsigned long long)value[k]);
      x.code.n = 0;
      x86_mov_imm(&x, reg, value[k]);
      flush(&t, 0);
      text_free(&t);
    }
}

int main(int argc, char **argv) {
  if (argc > 2 && !strcmp(argv[1], "dump")) {
    CxText path = {0};
    text_addf(&path, "%s/ours.s", argv[2]);
    ours = fopen(path.s, "w");
    path.n = 0;
    text_addf(&path, "%s/theirs.s", argv[2]);
    theirs = fopen(path.s, "w");
    text_free(&path);
    if (!ours || !theirs) return 2;
    fputs(".intel_syntax noprefix\n", theirs);
  }
  for (unsigned id = 0; id < X86_FORMS; id++) forms[id].order == GATHER ? gather_form(id) : vector_forms(id);
  for (unsigned id = 0; id < GPR_FORMS; id++) gpr_form(id);
  immediates();
  if (ours) fclose(ours), fclose(theirs);
  vec_free(&x.code);
  vec_free(&x.fixup);
  printf("%u forms, %u instructions\n", variants, instructions);
  return check_report();
}
