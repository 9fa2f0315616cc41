import { Cross2Icon, MagnifyingGlassIcon } from '@radix-ui/react-icons'
import { IconButton, TextField } from '@radix-ui/themes'
import { useEffect, useState } from 'react'
import { t } from '../texts'

/* what has been typed once the typing pauses */
export function usePaused(value: string): string {
  const [paused, setPaused] = useState(value)

  useEffect(() => {
    const timer = setTimeout(() => setPaused(value.trim()), value === '' ? 0 : 250)
    return () => clearTimeout(timer)
  }, [value])

  return paused
}

interface Props {
  value: string
  label: string
  onChange: (value: string) => void
}

export function SearchField({ value, label, onChange }: Props) {
  return (
    <TextField.Root
      size="3"
      type="search"
      className="td-search"
      placeholder={label}
      aria-label={label}
      value={value}
      maxLength={100}
      onChange={(e) => onChange(e.target.value)}
    >
      <TextField.Slot>
        <MagnifyingGlassIcon />
      </TextField.Slot>
      {value && (
        <TextField.Slot side="right">
          <IconButton size="1" variant="ghost" color="gray" aria-label={t.boards.clearSearch} onClick={() => onChange('')}>
            <Cross2Icon />
          </IconButton>
        </TextField.Slot>
      )}
    </TextField.Root>
  )
}
