// What a page shows while it loads, when there is nothing, when it failed.
import { ExclamationTriangleIcon } from '@radix-ui/react-icons'
import { Button, Flex, Heading, Spinner, Text } from '@radix-ui/themes'
import type { ReactNode } from 'react'
import { errorText } from '../lib/errors'
import { t } from '../texts'

export function Loading({ text = t.loading }: { text?: string }) {
  return (
    <Flex className="td-center" align="center" justify="center" gap="3" role="status">
      <Spinner size="3" />
      <Text color="gray">{text}</Text>
    </Flex>
  )
}

interface NoteProps {
  icon: ReactNode
  title: string
  text: string
  children?: ReactNode
}

export function Note({ icon, title, text, children }: NoteProps) {
  return (
    <Flex direction="column" align="center" className="td-note" py="9" px="4">
      <Flex className="td-round" align="center" justify="center" mb="4">
        {icon}
      </Flex>
      <Heading as="h2" size="4" mb="1" align="center">
        {title}
      </Heading>
      <Text as="p" color="gray" align="center" mb="4" className="td-note-text">
        {text}
      </Text>
      {children}
    </Flex>
  )
}

export function Failed({ title, error, onRetry }: { title: string; error: unknown; onRetry: () => void }) {
  return (
    <div role="alert">
      <Note icon={<ExclamationTriangleIcon width={22} height={22} />} title={title} text={errorText(error)}>
        <Button variant="soft" onClick={onRetry}>
          {t.retry}
        </Button>
      </Note>
    </div>
  )
}
