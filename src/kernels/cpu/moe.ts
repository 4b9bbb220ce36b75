/** The router and the movement of rows to experts and back on the CPU. */
import type { F32, MoeKernels, RouterShape } from "../kernels.ts";
import * as op from "./assembly/operations.ts";
import type { Pool } from "./pool.ts";

export function moeKernels({ int, float, run }: Pool): MoeKernels {
  const put = (...words: readonly number[]) => int.set(words);
  return {
    router(logits, bias, indices, weights, rows, shape) {
      put(logits.handle, bias === null ? 0 : bias.handle, indices.handle, weights.handle, rows);
      putShape(5, shape);
      run(op.ROUTER, large(logits));
    },
    routerGrad(dweights, logits, indices, weights, dlogits, rows, shape) {
      put(dweights.handle, logits.handle, indices.handle, weights.handle, dlogits.handle, rows);
      putShape(6, shape);
      run(op.ROUTER_GRAD, large(logits));
    },
    moePlan(indices, order, position, offsets, loads, rows, topK, experts) {
      put(indices.handle, order.handle, position.handle, offsets.handle, loads.handle, rows, topK, experts);
      run(op.MOE_PLAN, rows * topK > 8192);
    },
    moeGather(x, order, y, rows, topK, width) {
      put(x.handle, order.handle, y.handle, rows, topK, width);
      run(op.MOE_GATHER, large(y));
    },
    moeGatherGrad(dy, position, dx, rows, topK, width, accumulate) {
      put(dy.handle, position.handle, dx.handle, rows, topK, width, Number(accumulate));
      run(op.MOE_GATHER_GRAD, large(dy));
    },
    moeCombine(e, position, weights, y, rows, topK, width, accumulate) {
      put(e.handle, position.handle, weights.handle, y.handle, rows, topK, width, Number(accumulate));
      run(op.MOE_COMBINE, large(e));
    },
    moeCombineGrad(dy, e, position, weights, de, dweights, rows, topK, width) {
      put(dy.handle, e.handle, position.handle, weights.handle, de.handle, dweights.handle, rows, topK, width);
      run(op.MOE_COMBINE_GRAD, large(e));
    },
  };

  function putShape(at: number, shape: RouterShape): void {
    // Three numbers an expert and lane must fit into a thread's private 64 KiB.
    if (shape.experts > 1024) throw new RangeError(`the router takes at most 1024 experts, not ${shape.experts}`);
    int[at] = shape.experts;
    int[at + 1] = shape.topK;
    int[at + 2] = shape.groups;
    int[at + 3] = shape.topGroups;
    int[at + 4] = shape.groupScoreTop;
    int[at + 5] = Number(shape.scoring === "softmax");
    int[at + 6] = Number(shape.normalise);
    float[at + 7] = shape.scale;
  }
}

/** Whether waking the other threads pays. */
const large = (x: F32): boolean => x.length > 8192;
