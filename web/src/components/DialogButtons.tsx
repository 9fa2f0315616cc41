// At the foot of a dialogue with a form: leaving it, and sending it.
import { Button, type ButtonProps, Dialog, Flex } from '@radix-ui/themes'
import { t } from '../texts'

type Props = Pick<ButtonProps, 'color' | 'loading'> & { submit: string }

export function DialogButtons({ submit, ...button }: Props) {
  return (
    <Flex gap="3" justify="end">
      <Dialog.Close>
        <Button type="button" variant="soft" color="gray">
          {t.cancel}
        </Button>
      </Dialog.Close>
      <Button type="submit" {...button}>
        {submit}
      </Button>
    </Flex>
  )
}
