// The kernels' one module. Every function works on a batch in the imported shared memory and allocates nothing.
// Each has a plain TypeScript twin in lib/shuffle/twins/ that property tests hold it against.
export { aggregatePairs, clearTable, extractTable, indexKeys, rehashTable } from './aggregate';
export { countBuckets, foldGroups, markFirst, orderGroups, spreadBuckets } from './buckets';
export { mergeSorted } from './merge';
export { fillUniform } from './random';
export { placeRuns } from './place';
export { countByRange, countPairs, scatterByRange, scatterPairs } from './scatter';
export { sortNumbers } from './sort';
export { readSteps, writeSteps } from './steps';
export { isAscii, textGather, textLines, textOffsets, textSplitByte, textSplitSet, textSplitString } from './text';
export { gatherNumbers, orderByHash, placeTextByHash, placeTextByRange, textBytes, textCollect, textGatherWide, textUnits } from './text-rows';
export { sortText } from './text-sort';
export { aggregateText, extractTextTable, indexText, rehashTextTable } from './text-table';
