// How much of the time the slider covers: less of it means finer steps.
import { SegmentedControl } from '@radix-ui/themes'
import { DAY } from '../lib/time'
import { t } from '../texts'

export type Span = 'all' | 'day' | 'hour' | 'minute'

/* in milliseconds; 0: everything */
export const LENGTHS: Record<Span, number> = { all: 0, day: DAY, hour: 3_600_000, minute: 60_000 }

export function Spans({ span, onSpan }: { span: Span; onSpan: (span: Span) => void }) {
  return (
    <SegmentedControl.Root size="1" value={span} onValueChange={(s) => onSpan(s as Span)} aria-label={t.history.span}>
      {(Object.keys(LENGTHS) as Span[]).map((s) => (
        <SegmentedControl.Item key={s} value={s}>
          {t.history.spans[s]}
        </SegmentedControl.Item>
      ))}
    </SegmentedControl.Root>
  )
}
