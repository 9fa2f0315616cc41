// A part of a page of settings, with its heading.
import { Card, Heading, Text } from '@radix-ui/themes'
import type { ReactNode } from 'react'

interface Props {
  title: string
  text?: string
  children: ReactNode
}

export function Section({ title, text, children }: Props) {
  return (
    <Card size="3" mb="4" asChild>
      <section>
        <Heading as="h2" size="4" mb={text ? '1' : '4'}>
          {title}
        </Heading>
        {text && (
          <Text as="p" size="2" color="gray" mb="4">
            {text}
          </Text>
        )}
        {children}
      </section>
    </Card>
  )
}
