// What a board looks like: the picture that the editor made of it. Where there
// is none yet, a little drawing made from the id, always the same for one board.
import { useState } from 'react'
import { appUrl } from '../lib/base'
import type { Room } from '../lib/types'

const HUES = [
  ['#5b5bd6', '#ffc53d'],
  ['#0a7d8c', '#ff8b3e'],
  ['#c8303c', '#3e63dd'],
  ['#1b7f4d', '#d6409f'],
  ['#8e4ec6', '#30a46c'],
  ['#c2490c', '#0090ff'],
] as const

/* a short row of numbers from 0 to 1 that the id decides */
function numbers(id: string, count: number): number[] {
  let state = 2166136261
  for (const c of id) state = Math.imul(state ^ c.charCodeAt(0), 16777619)

  return Array.from({ length: count }, () => {
    state = Math.imul(state ^ (state >>> 15), 2246822507) + 0x9e3779b9
    return ((state ^ (state >>> 13)) >>> 0) / 4294967296
  })
}

export function BoardCover({ room }: { room: Room }) {
  const [broken, setBroken] = useState<string | null>(null)

  if (!room.thumbnail || room.thumbnail === broken) return <Drawing id={room.id} />

  return (
    <img
      className="td-cover td-thumbnail"
      src={appUrl(room.thumbnail)}
      alt=""
      loading="lazy"
      decoding="async"
      onError={() => setBroken(room.thumbnail)}
    />
  )
}

function Drawing({ id }: { id: string }) {
  const [hue = 0, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers(id, 7)
  const [first, second] = HUES[Math.floor(hue * HUES.length)] ?? HUES[0]
  const box = { x: 26 + a * 30, y: 26 + b * 24, w: 62 + c * 28, h: 42 + d * 18 }
  const dot = { x: 226 + e * 34, y: 46 + f * 40 }

  return (
    <svg className="td-cover" viewBox="0 0 300 132" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <g fill="none" strokeWidth="3" strokeLinecap="round" strokeLinejoin="round">
        <rect
          x={box.x}
          y={box.y}
          width={box.w}
          height={box.h}
          rx="9"
          stroke={first}
          fill={first}
          fillOpacity=".14"
          transform={`rotate(${(a - 0.5) * 8} ${box.x} ${box.y})`}
        />
        <circle cx={dot.x} cy={dot.y} r={17 + a * 12} stroke={second} fill={second} fillOpacity=".18" />
        <path
          d={`M${box.x + box.w + 12} ${box.y + box.h / 2} C${160 + b * 20} ${20 + e * 90} ${170 + c * 20} ${100 - f * 80} ${dot.x - 34} ${dot.y}`}
          stroke="var(--gray-9)"
          strokeDasharray={d > 0.6 ? '1 8' : 'none'}
        />
      </g>
    </svg>
  )
}
