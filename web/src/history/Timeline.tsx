// The slider: one step for each moment of the list.
import { ChevronLeftIcon, ChevronRightIcon } from '@radix-ui/react-icons'
import { Flex, IconButton } from '@radix-ui/themes'
import { Slider } from 'radix-ui'
import { useEffect, useRef } from 'react'
import { t } from '../texts'
import { inWords, indexOf } from './moments'
import type { Moments, Version } from './queries'

interface Props {
  history: Moments
  versions: Version[]
  index: number
  onIndex: (index: number) => void
}

export function Timeline({ history, versions, index, onIndex }: Props) {
  const thumb = useRef<HTMLSpanElement>(null)
  const { moments } = history
  const last = moments.length - 1
  const moment = moments[index]
  const marks = versions.filter((v) => v.at >= history.from && v.at <= history.to).map((v) => indexOf(moments, v.clock))

  /* it is hidden until it has found its place, after the first effects */
  useEffect(() => {
    const frame = requestAnimationFrame(() => thumb.current?.focus())
    return () => cancelAnimationFrame(frame)
  }, [])

  /* a button that were disabled would lose the focus, and the keys with it */
  return (
    <Flex align="center" gap="3" className="td-history-timeline">
      <IconButton
        variant="soft"
        color="gray"
        aria-label={t.history.earlier}
        aria-disabled={index <= 0}
        onClick={() => onIndex(index - 1)}
      >
        <ChevronLeftIcon />
      </IconButton>
      <Slider.Root
        className="td-slider"
        min={0}
        max={Math.max(1, last)}
        value={[Math.max(0, index)]}
        disabled={last < 1}
        onValueChange={([i]) => onIndex(i ?? 0)}
      >
        <Slider.Track className="td-slider-track">
          <Slider.Range className="td-slider-range" />
          {[...new Set(marks)].map((i) => (
            <span key={i} className="td-slider-mark" style={{ left: `${(100 * i) / Math.max(1, last)}%` }} />
          ))}
        </Slider.Track>
        <Slider.Thumb
          ref={thumb}
          className="td-slider-thumb"
          aria-label={t.history.moment}
          {...(moment && { 'aria-valuetext': inWords(history, moment) })}
        />
      </Slider.Root>
      <IconButton
        variant="soft"
        color="gray"
        aria-label={t.history.later}
        aria-disabled={index >= last}
        onClick={() => onIndex(index + 1)}
      >
        <ChevronRightIcon />
      </IconButton>
    </Flex>
  )
}
