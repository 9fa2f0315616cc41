// A sketch of each template that is shipped; another one gets an empty sheet.
import type { ReactNode } from 'react'

const NOTE = 'var(--amber-5)'
const INK = 'var(--gray-8)'
const SOFT = 'var(--accent-4)'
const LINE = 'var(--accent-9)'

function columns(count: number, notes: number[]): ReactNode {
  const width = (148 - (count - 1) * 6) / count

  return Array.from({ length: count }, (_, c) => (
    <g key={c} transform={`translate(${6 + c * (width + 6)} 8)`}>
      <rect width={width} height="84" rx="4" fill="var(--gray-3)" />
      <rect x="5" y="5" width={width * 0.5} height="4" rx="2" fill={INK} />
      {Array.from({ length: notes[c] ?? 0 }, (_, n) => (
        <rect key={n} x="5" y={16 + n * 21} width={width - 10} height="16" rx="2" fill={c % 2 ? SOFT : NOTE} />
      ))}
    </g>
  ))
}

const SKETCHES: Record<string, ReactNode> = {
  kanban: columns(3, [3, 2, 1]),
  retrospective: columns(3, [2, 3, 2]),
  'pros-and-cons': columns(2, [3, 2]),
  'week-plan': columns(5, [2, 1, 3, 1, 2]),
  'mind-map': (
    <>
      <g stroke={LINE} strokeWidth="2" fill="none">
        <path d="M80 50 38 24M80 50 36 76M80 50 124 22M80 50 126 50M80 50 122 78" />
      </g>
      <rect x="58" y="38" width="44" height="24" rx="12" fill={LINE} />
      <g fill={SOFT}>
        <rect x="14" y="15" width="36" height="18" rx="9" />
        <rect x="12" y="67" width="36" height="18" rx="9" />
        <rect x="110" y="13" width="36" height="18" rx="9" />
        <rect x="114" y="41" width="36" height="18" rx="9" />
        <rect x="108" y="69" width="36" height="18" rx="9" />
      </g>
    </>
  ),
  'flow-chart': (
    <>
      <g stroke={INK} strokeWidth="2" fill="none">
        <path d="M80 26v12M80 62v12M104 50h18" />
      </g>
      <rect x="58" y="8" width="44" height="18" rx="9" fill={SOFT} />
      <path d="M80 36 106 50 80 64 54 50Z" fill={NOTE} />
      <rect x="58" y="74" width="44" height="18" rx="3" fill={SOFT} />
      <rect x="120" y="41" width="34" height="18" rx="3" fill={SOFT} />
    </>
  ),
}

export function TemplatePreview({ id }: { id: string }) {
  return (
    <svg viewBox="0 0 160 100" className="td-template-preview" aria-hidden="true">
      {SKETCHES[id]}
    </svg>
  )
}
