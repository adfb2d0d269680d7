/** Conditions on what agents can do: skills with levels, joined by all, any and not. */
import type { Expression } from './model.ts'

const DEEPEST = 4
const LONGEST = 50
const HIGHEST = 1000

/** Nobody meets this. */
const NEVER: Expression = { any: [] }

function level(value: unknown, otherwise: number): number {
  if (typeof value !== 'number' || Number.isNaN(value)) return otherwise
  return Math.min(HIGHEST, Math.max(0, Math.trunc(value)))
}

/** An expression as it is kept; undefined when there is none. What makes no sense is met by nobody. */
export function expressionOf(given: unknown): Expression | undefined {
  return given === undefined ? undefined : sound(given, DEEPEST)
}

function sound(given: unknown, depth: number): Expression {
  if (typeof given !== 'object' || given === null || depth === 0) return NEVER
  const { skill, level: least, atMost, all, any, not } = given as Record<string, unknown>
  if (typeof skill === 'string' && skill !== '') {
    return { skill, level: level(least, 1), ...(atMost === undefined ? {} : { atMost: level(atMost, 0) }) }
  }
  if (Array.isArray(all)) return { all: all.slice(0, LONGEST).map((one) => sound(one, depth - 1)) }
  if (Array.isArray(any)) return { any: any.slice(0, LONGEST).map((one) => sound(one, depth - 1)) }
  if (not !== undefined) return { not: sound(not, depth - 1) }
  return NEVER
}

/** Whether somebody with these skills meets it. A skill that they have not has level 0, and meets no condition of its own. */
export function meets(skills: ReadonlyMap<string, number>, expression: Expression): boolean {
  if ('skill' in expression) {
    const has = skills.get(expression.skill)
    return has !== undefined && has >= (expression.level ?? 1) && has <= (expression.atMost ?? HIGHEST)
  }
  if ('all' in expression) return expression.all.every((one) => meets(skills, one))
  if ('any' in expression) return expression.any.some((one) => meets(skills, one))
  return !meets(skills, expression.not)
}
