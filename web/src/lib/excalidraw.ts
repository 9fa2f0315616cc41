// Files of Excalidraw. One is read where boards are made, and drawn by the editor
// of its new board when that is there (board/excalidraw.ts). What the editor's own
// reader of Excalidraw takes for granted is put right here.
import { nameOf } from './names'

type Json = Record<string, unknown>

export interface Drawing {
  elements: Json[]
  files: Record<string, Json>
}

/* by the board that was made for it */
const waiting = new Map<string, Drawing>()

export const keepDrawing = (room: string, drawing: Drawing) => void waiting.set(room, drawing)

export function takeDrawing(room: string): Drawing | undefined {
  const drawing = waiting.get(room)
  waiting.delete(room)
  return drawing
}

/* the link of a rectangle that is to become a frame of that name */
export const FRAME = 'https://frame.invalid/'

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const text = (value: unknown, other = '') => (typeof value === 'string' ? value : other)
const number = (value: unknown, other: number) => (typeof value === 'number' && Number.isFinite(value) ? value : other)
const list = (value: unknown) => (Array.isArray(value) ? value.filter(isObject) : [])

export const isExcalidraw = (file: File) => /\.excalidraw(\.json)?$/i.test(file.name)

export const drawingName = (file: File) => nameOf(file.name.replace(/\.excalidraw(\.json)?$/i, ''))

/* null: it is none */
export function readDrawing(source: string): Drawing | null {
  let file: unknown

  try {
    file = JSON.parse(source)
  } catch {
    return null
  }

  if (!isObject(file) || file.type !== 'excalidraw' || !Array.isArray(file.elements)) return null

  const there = list(file.elements).filter((e) => e.isDeleted !== true && KINDS.has(text(e.type)) && text(e.id))
  const ids = new Map(there.map((e) => [text(e.id), e]))
  const files = isObject(file.files) ? Object.fromEntries(Object.entries(file.files).filter(hasObject)) : {}

  return { elements: there.map((e) => element(e, ids)).filter((e) => e !== null), files }
}

const hasObject = (entry: [string, unknown]): entry is [string, Json] => isObject(entry[1])

const KINDS = new Set(['rectangle', 'ellipse', 'diamond', 'freedraw', 'line', 'arrow', 'text', 'image', 'frame', 'magicframe', 'embeddable', 'iframe'])

const FONTS: Record<number, number> = { 5: 1, 6: 2, 7: 2, 8: 3, 9: 2 }

/* with all that the editor's reader counts on; null: nothing to be seen */
function element(e: Json, ids: Map<string, Json>): Json | null {
  const type = text(e.type)
  const points = (Array.isArray(e.points) ? e.points : []).filter(isPoint)
  const width = number(e.strokeWidth, 2)
  const size = (value: unknown) => Math.max(1, Math.abs(number(value, 1)))

  if (['line', 'arrow'].includes(type) && points.length < 2) return null
  if (type === 'freedraw' && points.length === 0) return null

  const all: Json = {
    ...e,
    x: number(e.x, 0),
    y: number(e.y, 0),
    width: size(e.width),
    height: size(e.height),
    angle: number(e.angle, 0),
    opacity: number(e.opacity, 100),
    strokeWidth: width < 2 ? 1 : width < 3 ? 2 : width < 4 ? 3 : 4,
    strokeColor: text(e.strokeColor, '#1e1e1e'),
    backgroundColor: text(e.backgroundColor, 'transparent'),
    locked: e.locked === true,
    groupIds: Array.isArray(e.groupIds) ? e.groupIds.filter((id) => typeof id === 'string') : [],
    boundElements: list(e.boundElements).filter((b) => ids.has(text(b.id))),
    link: isLink(e.link) ? e.link : null,
    points,
    text: text(e.text),
    textAlign: text(e.textAlign, 'left'),
    fontSize: size(number(e.fontSize, 20)),
    fontFamily: FONTS[number(e.fontFamily, 1)] ?? e.fontFamily,
    startBinding: binding(e.startBinding, ids),
    endBinding: binding(e.endBinding, ids),
  }

  if (type === 'frame' || type === 'magicframe') {
    return { ...all, type: 'rectangle', angle: 0, groupIds: [], boundElements: [], link: FRAME + encodeURIComponent(text(e.name)) }
  }

  return type === 'embeddable' || type === 'iframe' ? { ...all, type: 'rectangle' } : all
}

const isPoint = (p: unknown) => Array.isArray(p) && p.length >= 2 && p.every((n) => typeof n === 'number' && Number.isFinite(n))

const isLink = (link: unknown) => typeof link === 'string' && URL.canParse(link) && /^(https?|mailto):/.test(link)

function binding(value: unknown, ids: Map<string, Json>) {
  const bound = isObject(value) ? ids.get(text(value.elementId)) : undefined

  return bound && isObject(value) && !text(bound.containerId) ? value : null
}
