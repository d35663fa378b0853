import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Length, Matches } from 'class-validator';

/** What a thing is called and found by: 1 to 200 characters, none of them a control character, no white space at the ends. */
export const IsName = (): PropertyDecorator =>
  applyDecorators(
    Length(1, 200),
    Matches(/^(?!\s)\P{Cc}*(?<!\s)$/u, {
      message: '$property must not begin or end with white space, nor hold control characters',
    }),
    ApiProperty({ minLength: 1, maxLength: 200 }),
  );
