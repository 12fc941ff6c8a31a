// Syntax that columns know nothing of, for messages.

/** As users know them. */
export const WORDS: Readonly<Record<string, string>> = {
  ExpressionStatement: 'a statement with an effect',
  ForStatement: 'a loop',
  ForOfStatement: 'a loop',
  WhileStatement: 'a loop',
  ThrowStatement: 'throw',
  TryStatement: 'try',
  SwitchStatement: 'switch',
  AssignmentExpression: 'an assignment',
  UpdateExpression: 'an assignment',
  NewExpression: 'new',
  SpreadElement: 'a spread',
  AwaitExpression: 'await',
};
