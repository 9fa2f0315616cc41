import { CheckIcon, CopyIcon } from '@radix-ui/react-icons'
import { Button, type ButtonProps } from '@radix-ui/themes'
import { useEffect, useState } from 'react'
import { copyText } from '../lib/copy'
import { t } from '../texts'

export function CopyButton({ text, label = t.copy, ...button }: { text: string; label?: string } & ButtonProps) {
  const [copied, setCopied] = useState(false)

  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2000)
    return () => clearTimeout(timer)
  }, [copied])

  return (
    <Button variant="soft" {...button} onClick={async () => setCopied(await copyText(text))}>
      {copied ? <CheckIcon /> : <CopyIcon />}
      <span aria-live="polite">{copied ? t.copied : label}</span>
    </Button>
  )
}
