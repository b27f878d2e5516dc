// The core as translated by wasm2c, and its numbers, which docs/internals/abi.md explains.

#pragma once
#include "core-wasm.h"

// Its calls are CORE(handleTick)(&core, now) and so on. wasm2c 1.0.33 renamed them, and is the first to define this.
#ifdef WASM_RT_MEMCHECK_GUARD_PAGES
#define CORE(call) w2c_core_##call
#else
#define CORE(call) Z_coreZ_##call
#define wasm2c_core_instantiate(core) (Z_core_init_module(), Z_core_instantiate(core))
#define wasm2c_core_free Z_core_free
typedef Z_core_instance_t w2c_core;
#endif

enum due { DUE_VOID, DUE_ONCE, DUE_RECURRING, DUE_CONNECT = 4, DUE_IDLE, DUE_LINGER, DUE_LIFETIME };
enum decision { DECISION_NOTHING, DECISION_FINISH, DECISION_STOP, DECISION_CLOSE, DECISION_CLOSING,
                DECISION_RESET, DECISION_FULL, DECISION_FREE, DECISION_EXPIRED };
enum phase { PHASE_ADMITTING, PHASE_FINISHING, PHASE_DRAINING, PHASE_FINISHED };
enum state { STATE_FREE, STATE_WAITING, STATE_CONNECTING, STATE_INCOMING, STATE_OUTGOING,
             STATE_LOOSE, STATE_EXEMPT, STATE_LINGERING };

// Numbers in the core's memory, which may move when it grows: use the pointer at once, and do not keep it over a call.
static inline double *core_numbers(w2c_core *core, uint32_t address) {
  return (double *)(void *)(CORE(memory)(core)->data + address);
}

// The slot in an id: small and dense, for indexing an array.
static inline uint32_t slot_of(double id) {
  return (uint32_t)((uint64_t)id & 0x3fffff);
}
